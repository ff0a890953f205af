//go:build client

package main

import "godwit/internal/cli/command"

// program is the command line of the small build, which has no server.
func program() command.Program { return command.Program{Version: version} }
