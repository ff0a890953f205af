// Command openapi prints the OpenAPI document without starting anything. The
// web app is built from it, before there is a binary. With -clients it prints what the
// packages client and clients/typescript are generated from.
package main

import (
	"flag"
	"fmt"
	"os"

	"godwit/api"
)

func main() {
	clients := flag.Bool("clients", false, "print what the clients are generated from")
	flag.Parse()
	if err := run(*clients); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(clients bool) error {
	document, err := api.Document("dev")
	if err == nil && clients {
		document, err = fold(document)
	}
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(document)
	return err
}
