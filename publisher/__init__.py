"""Publisher: a newsroom's wire desk, from the agencies' feeds to the reader's feed and inbox."""
