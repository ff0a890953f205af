//go:build !client

package main

import (
	"github.com/spf13/cobra"

	"godwit/api"
	"godwit/internal/cli/command"
)

// program is the command line with the commands that run a part of Godwit.
func program() command.Program {
	return command.Program{Version: version, Document: api.Document, Server: []*cobra.Command{
		serveCommand(), migrateCommand(), secretsCommand(), replayCommand(), healthcheckCommand(),
	}}
}
