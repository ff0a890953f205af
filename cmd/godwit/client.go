//go:build client

package main

import "github.com/spf13/cobra"

// serverCommands: the client has none.
func serverCommands() []*cobra.Command { return nil }
