"""What workflows say on GitHub and GitLab: one comment on a pull request, one issue on drift, each updated in place.

Only Python's own library: the job that may write comments installs nothing. Nothing here runs or imports code of a pull
request, and what such code wrote is text to be shown, never an instruction.
"""
