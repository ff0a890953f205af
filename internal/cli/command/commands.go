package command

import "github.com/spf13/cobra"

// addCommands adds every command that calls an installation. A new one is one line
// here, and a file that makes it.
func (f *frame) addCommands(root *cobra.Command) {
	f.group(root, groupDaily,
		webhooksCommand(f),
		eventsCommand(f),
		deliveriesCommand(f),
		redeliverCommand(f),
		explainCommand(f),
		eventTypesCommand(f),
		statsCommand(f),
		openCommand(f),
	)
	f.group(root, groupLocal,
		listenCommand(f),
		playCommand(f),
		triggerCommand(f),
		verifyCommand(f),
	)
	f.group(root, groupAdmin,
		loginCommand(f),
		logoutCommand(f),
		whoamiCommand(f),
		keysCommand(f),
		auditCommand(f),
		openAPICommand(f),
		versionCommand(f),
	)
	root.SetCompletionCommandGroupID(groupAdmin)
	root.SetHelpCommandGroupID(groupAdmin)
}

// group adds commands under one head of the help.
func (f *frame) group(root *cobra.Command, id string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = id
		root.AddCommand(c)
	}
}
