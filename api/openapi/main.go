// Command openapi prints the OpenAPI document without starting anything. The
// web app is built from it, before there is a binary.
package main

import (
	"fmt"
	"os"

	"godwit/api"
)

func main() { os.Exit(run()) }

func run() int {
	document, err := api.Document("dev")
	if err == nil {
		_, err = os.Stdout.Write(document)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		return 1
	}
	return 0
}
