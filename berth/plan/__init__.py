"""What a change does, told before it is done: `berth plan`.

Two trees, the files in the working tree and those of a Git ref, become two descriptions of what is to be (`desired`);
`compare` makes a plan of them (`model`), which the formats in `report` tell. Tenants come from `berth.render`. Clouds
come from the real program under Pulumi's mocks, in processes of their own (`worker`, `recording`): only that part of
`berth` imports Pulumi. Nothing here reaches a cloud, a cluster or a network.
"""
