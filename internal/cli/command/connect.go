package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

// connect signs in by a code that the person lets in in the web app.
func (f *frame) connect(c *cobra.Command, profiles *cli.Profiles, name string) error {
	api := &cli.Client{URL: f.loginURL(profiles.All[name])}
	if err := api.CheckURL(); err != nil {
		return err
	}
	var begun struct {
		Code            string
		VerifyURL       string `json:"verify_url"`
		Poll            string
		IntervalSeconds int `json:"interval_seconds"`
	}
	if err := api.Call(c.Context(), http.MethodPost, "/v1/device", map[string]any{"name": deviceName()}, &begun); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "Open this page, compare the code, and let the command line in:\n\n  %s\n  %s\n\n", begun.VerifyURL, begun.Code)
	if isTerminal(c.ErrOrStderr()) {
		browse(begun.VerifyURL)
	}
	key, keyID, err := awaitKey(c.Context(), api, begun.Poll, time.Duration(begun.IntervalSeconds)*time.Second)
	if err != nil {
		return err
	}
	api.Key = key
	return f.keep(c, account{profiles, name, api, keyID})
}

// awaitKey asks until the person has answered.
func awaitKey(ctx context.Context, api *cli.Client, poll string, every time.Duration) (key, id string, err error) {
	for {
		if !pause(ctx, max(every, time.Second)) {
			return "", "", interrupted{}
		}
		var state struct {
			Status string
			Key    *struct{ ID, Key string }
		}
		err := api.Call(ctx, http.MethodPost, "/v1/device/poll", map[string]any{"poll": poll}, &state)
		var f *cli.Failure
		switch {
		case errors.As(err, &f) && f.Code == cli.ExitUnreachable: // it may be back in a moment
		case errors.As(err, &f) && f.Status == http.StatusUnauthorized:
			return "", "", &cli.Failure{Code: cli.ExitSignIn, What: "the sign-in is over", Why: f.Why, Next: "godwit login begins another one", RequestID: f.RequestID}
		case err != nil:
			return "", "", err
		case state.Status == "denied":
			return "", "", &cli.Failure{Code: cli.ExitSignIn, What: "the sign-in was refused in the web app"}
		case state.Key != nil:
			return state.Key.Key, state.Key.ID, nil
		}
	}
}

// deviceName is how the key is called.
func deviceName() string {
	if host, err := os.Hostname(); err == nil && host != "" {
		return cut("godwit on "+clean(host), 200)
	}
	return "godwit"
}
