module berth.local/git-server

go 1.26.0
