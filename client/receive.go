package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"godwit/internal/verify"
)

// maxReceived bounds a request that is received. An event has up to 256 KiB, and a
// combination carries several.
const maxReceived = 16 << 20

// VerifyError says why a request is not to be trusted.
type VerifyError struct {
	// Code is one of those of `godwit verify`, such as body_changed.
	Code string
	// Detail is what is wrong, and Remedy what to do.
	Detail, Remedy string
}

func (e *VerifyError) Error() string { return "godwit: " + e.Detail + " " + e.Remedy }

// Verify checks the signature of a request that came from Godwit, as Standard Webhooks
// has it: that one of the secrets signed it, and within the last five minutes. The
// secrets are those of the webhook: whsec_…, or whpk_… where its signature is ed25519;
// during a rotation the new and the old one. The body is as it arrived, byte for byte.
// Its error is a *VerifyError.
func Verify(header http.Header, body []byte, secrets ...string) error {
	found := verify.Check(verify.Request{Header: header, Body: body, Secrets: secrets, Now: time.Now()})
	if found.Code == verify.OK {
		return nil
	}
	return &VerifyError{Code: string(found.Code), Detail: found.Detail, Remedy: found.Remedy}
}

// Receive reads a request that came from Godwit, verifies it and gives the event. Answer
// 400 after an error, at once 2xx else, and drop an event whose Data.ID came before.
func Receive(r *http.Request, secrets ...string) (*ReceivedEvent, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReceived+1))
	if err != nil {
		return nil, fmt.Errorf("godwit: the body can't be read: %w", err)
	}
	if len(body) > maxReceived {
		return nil, errors.New("godwit: the body is larger than 16 MiB")
	}
	if err := Verify(r.Header, body, secrets...); err != nil {
		return nil, err
	}
	var event ReceivedEvent
	if err := json.Unmarshal(body, &event); err != nil {
		return nil, fmt.Errorf("godwit: the body has another format than standard: %w", err)
	}
	return &event, nil
}
