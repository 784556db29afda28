"""The use cases of the house, as plain functions: command line, web and clock call these and nothing below them.

Every act takes the open newsroom first and `actor` and `now` by name; what a person decided is recorded with both.
"""
