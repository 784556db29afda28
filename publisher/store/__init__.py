"""The only SQL of Publisher: plain functions over a Connection, one module per subject."""
