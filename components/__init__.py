"""Everything that creates Pulumi resources, one component a file."""
