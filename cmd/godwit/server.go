//go:build !client

package main

import (
	"github.com/spf13/cobra"
)

// serverCommands are those that run a part of Godwit.
func serverCommands() []*cobra.Command {
	return []*cobra.Command{serveCommand(), migrateCommand(), secretsCommand(), replayCommand(), healthcheckCommand()}
}
