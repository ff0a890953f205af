// Command godwit runs Godwit against a given Postgres and Temporal (the API, the
// worker, the migrations, the replay of recorded workflow histories), and calls an
// installation from the command line. Settings of the server come from GODWIT_*
// variables. Built with -tags client it is the second part alone.
package main

import (
	"os"

	"godwit/internal/cli/command"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(command.Main(command.Root(program()))) }
