package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/hook"
	"godwit/internal/verify"
)

// verifyFlags are the flags of godwit verify.
type verifyFlags struct {
	*frame
	secrets              []string
	headerFile, bodyFile string
	secretFile, at       string
	tolerance            time.Duration
}

func verifyCommand(frame *frame) *cobra.Command {
	f := verifyFlags{frame: frame}
	c := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Check the signature of a request that arrived, and say which part is wrong",
		Long: `Checks the signature of a request that a receiver has saved, and says which part
is wrong: the secret, a header, the body or the clock.

The request is FILE, or standard input: its headers, an empty line, and the body byte
for byte. Or the headers and the body are files apart. Nothing is sent
anywhere. Exit codes: 0 the signature fits, 1 it doesn't, 2 the command is wrong.`,
		Example: `  godwit verify --secret whsec_… request.txt
  godwit verify --secret whsec_… < request.txt
  godwit verify --secret-file secret.txt --header-file headers.txt --body-file body.json
  godwit verify --secret whsec_… --at 2026-05-04T09:30:00Z request.txt`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misused{errors.New("name one file, or - for standard input")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	flags := c.Flags()
	flags.StringArrayVar(&f.secrets, "secret", nil, "secret (whsec_…) or public key (whpk_…) of the webhook; give the old one, too, after a rotation. Or the variable WEBHOOK_SECRET")
	flags.StringVar(&f.secretFile, "secret-file", "", "file that holds the secret, which keeps it out of the shell's history")
	flags.StringVar(&f.headerFile, "header-file", "", "file of headers, one \"Name: value\" a line")
	flags.StringVar(&f.bodyFile, "body-file", "", "file of the body, byte for byte")
	flags.StringVar(&f.at, "at", "", "when the request arrived, such as 2026-05-04T09:30:00Z (default now)")
	flags.DurationVar(&f.tolerance, "tolerance", verify.DefaultTolerance, "how far the timestamp may be from that time")
	return c
}

func (f verifyFlags) run(c *cobra.Command, args []string) error {
	r, err := f.request(c.InOrStdin(), args)
	if err != nil {
		return misused{err}
	}
	found := verify.Check(r)
	if f.json {
		if err := json.NewEncoder(c.OutOrStdout()).Encode(found); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(c.OutOrStdout(), found.Detail)
		if found.Remedy != "" {
			fmt.Fprintln(c.OutOrStdout(), found.Remedy)
		}
	}
	if found.Code != verify.OK {
		return refused{errors.New(string(found.Code))}
	}
	return nil
}

// request gathers what is checked from flags and files.
func (f verifyFlags) request(in io.Reader, args []string) (verify.Request, error) {
	r := verify.Request{Secrets: f.secrets, Now: time.Now(), Tolerance: f.tolerance}
	if f.at != "" {
		at, ok := hook.ParseTime(f.at)
		if !ok {
			return r, errors.New("--at " + hook.TimeFormat)
		}
		r.Now = at
	}
	if f.tolerance <= 0 {
		return r, errors.New("--tolerance must be longer than 0, such as 5m")
	}
	if f.secretFile != "" {
		text, err := readFile(f.secretFile, in)
		if err != nil {
			return r, err
		}
		r.Secrets = append(r.Secrets, strings.Fields(string(text))...)
	}
	if secret := os.Getenv("WEBHOOK_SECRET"); len(r.Secrets) == 0 && secret != "" {
		r.Secrets = []string{secret}
	}
	header, body, err := f.read(in, args)
	if err != nil {
		return r, err
	}
	r.Body = body
	r.Header, err = parseHeader(header)
	return r, err
}

// read gives the text of the headers, and the body.
func (f verifyFlags) read(in io.Reader, args []string) (header, body []byte, err error) {
	apart := f.headerFile != "" || f.bodyFile != ""
	switch {
	case len(args) == 1 && apart:
		return nil, nil, errors.New("give FILE, or --header-file and --body-file, not both")
	case apart && (f.headerFile == "" || f.bodyFile == ""):
		return nil, nil, errors.New("--header-file and --body-file go together")
	case apart:
		if header, err = readFile(f.headerFile, in); err != nil {
			return nil, nil, err
		}
		body, err = readFile(f.bodyFile, in)
		return header, body, err
	case len(args) == 0 && isTerminal(in):
		return nil, nil, errors.New("name the file of the request (- is standard input), or --header-file and --body-file")
	case len(args) == 0:
		args = []string{"-"}
	}
	whole, err := readFile(args[0], in)
	if err != nil {
		return nil, nil, err
	}
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if header, body, found := bytes.Cut(whole, []byte(end)); found && !bytes.Contains(header, []byte("\n\n")) {
			return header, body, nil
		}
	}
	return nil, nil, errors.New("the request has no empty line between its headers and its body")
}

// parseHeader reads lines "Name: value"; a request line in front of them is passed
// over.
func parseHeader(text []byte) (http.Header, error) {
	header := http.Header{}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		name, value, found := strings.Cut(line, ":")
		switch {
		case line == "" || i == 0 && strings.Contains(line, " HTTP/"):
		case !found || strings.ContainsAny(name, " \t"):
			return nil, fmt.Errorf("line %d of the headers is not of the form \"Name: value\"", i+1)
		default:
			header.Add(name, strings.TrimSpace(value))
		}
	}
	return header, nil
}
