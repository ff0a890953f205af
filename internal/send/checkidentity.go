package send

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"godwit/internal/hook"
)

// MaxPEMBytes bounds each of a webhook's certificates and its key.
const MaxPEMBytes = 32 << 10

const (
	certificatePointer = "/client_certificate"
	keyPointer         = "/client_key"
	authorityPointer   = "/ca_certificate"
)

var errNoCertificate = errors.New("holds no certificate")

// CheckIdentity says whether a webhook may have these certificates and this key,
// all in PEM, as of now. Its error is a *hook.Error of hook.CodeInvalid with one
// field for each that is bad; it holds nothing of the key.
func CheckIdentity(w hook.Webhook, now time.Time) error {
	var fields []hook.Field
	add := func(pointer string, problem hook.Field) {
		if problem.Detail != "" {
			problem.Pointer = pointer
			fields = append(fields, problem)
		}
	}
	if w.CACertificate != "" {
		add(authorityPointer, certificateProblem(w.CACertificate, now))
	}
	certificate, key := w.ClientCertificate, w.ClientKey
	switch {
	case certificate == "" && key == "":
	case key == "":
		add(keyPointer, hook.Field{Code: hook.FieldRequired, Detail: "is missing: a client certificate needs its private key"})
	case certificate == "":
		add(certificatePointer, hook.Field{Code: hook.FieldRequired, Detail: "is missing: a client key needs its certificate"})
	default:
		problem := certificateProblem(certificate, now)
		add(certificatePointer, problem)
		add(keyPointer, keyProblem(identity{certificate: certificate, key: key}, problem.Detail == ""))
	}
	if len(fields) == 0 {
		return nil
	}
	return &hook.Error{Code: hook.CodeInvalid, Message: fields[0].Detail, Fields: fields}
}

// certificateProblem is for a certificate, and those that follow it.
func certificateProblem(text string, now time.Time) hook.Field {
	if len(text) > MaxPEMBytes {
		return hook.Field{Code: hook.FieldTooLong, Params: hook.Params{"max": MaxPEMBytes}, Detail: fmt.Sprintf("has more than %d bytes; leave out what the receiver does not need", MaxPEMBytes)}
	}
	rest, found := []byte(text), 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return hook.Field{Code: hook.FieldCertificate, Detail: "holds something other than certificates; a private key belongs in client_key"}
		}
		c, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return hook.Field{Code: hook.FieldCertificate, Detail: "holds a certificate that can't be read; give it in PEM, as it was issued"}
		case now.After(c.NotAfter):
			return hook.Field{Code: hook.FieldExpired, Params: hook.Params{"at": c.NotAfter.UTC().Format(time.DateOnly)}, Detail: "has expired on " + c.NotAfter.UTC().Format(time.DateOnly) + "; give one that is valid"}
		case now.Before(c.NotBefore):
			return hook.Field{Code: hook.FieldNotYet, Params: hook.Params{"at": c.NotBefore.UTC().Format(time.DateOnly)}, Detail: "is not valid before " + c.NotBefore.UTC().Format(time.DateOnly) + "; give one that is valid now"}
		}
		found++
	}
	if found == 0 {
		return hook.Field{Code: hook.FieldCertificate, Detail: "holds no certificate; give it in PEM: -----BEGIN CERTIFICATE----- …"}
	}
	return hook.Field{}
}

// keyProblem is for the key of a client certificate; matching says whether that
// is good, so that the two can be compared.
func keyProblem(i identity, matching bool) hook.Field {
	if len(i.key) > MaxPEMBytes {
		return hook.Field{Code: hook.FieldTooLong, Params: hook.Params{"max": MaxPEMBytes}, Detail: fmt.Sprintf("has more than %d bytes; give the private key alone", MaxPEMBytes)}
	}
	block, _ := pem.Decode([]byte(i.key))
	switch {
	case block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return hook.Field{Code: hook.FieldKey, Detail: "holds no private key; give it in PEM: -----BEGIN PRIVATE KEY----- …"}
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return hook.Field{Code: hook.FieldKeyEncrypted, Detail: "is encrypted; give it without a passphrase (openssl pkey -in key.pem), Godwit encrypts it itself"}
	case !matching:
		return hook.Field{}
	}
	if _, err := tls.X509KeyPair([]byte(i.certificate), []byte(i.key)); err != nil {
		return hook.Field{Code: hook.FieldKey, Detail: "can't be read, or does not belong to client_certificate; give the key that the certificate was issued for"}
	}
	return hook.Field{}
}
