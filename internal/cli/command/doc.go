// Package command is the command line's client side: one command a task, each of which
// calls the API of an installation as any other client does.
//
// What all commands share is in root.go (exit codes, errors), frame.go (settings) and
// output.go (documents, lists, tables). A command is made by frame.command, says what it
// does with an example that runs, and gives its data to the frame, which writes it as a
// table or as JSON. Data goes to standard output, everything else to standard error.
package command
