package mail_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/mail"
)

func TestServerOfURL(t *testing.T) {
	for url, want := range map[string][5]any{
		"smtp://mail.example":                      {"mail.example", "587", false, "", ""},
		"smtp://mail.example:25":                   {"mail.example", "25", false, "", ""},
		"smtps://mail.example/":                    {"mail.example", "465", true, "", ""},
		"smtps://[::1]:2465":                       {"::1", "2465", true, "", ""},
		"smtp://una%40x.example:p%2F%3A@h.example": {"h.example", "587", false, "una@x.example", "p/:"},
	} {
		m, err := mail.New(mail.Options{SMTPURL: url, From: "godwit@example.org"})
		require.NoError(t, err, url)
		host, port, fromStart, user, password := m.Server()
		require.Equal(t, want, [5]any{host, port, fromStart, user, password}, url)
	}
}

func TestBadOptionsNameTheVariableAndHideThePassword(t *testing.T) {
	const from = "godwit@example.org"
	for _, c := range []struct {
		options  mail.Options
		variable string
	}{
		{mail.Options{From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "http://mail.example", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "mail.example:25", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@mail.example:port", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@mail.example:0", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@mail.example:70000", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una:hunter2/x@mail.example", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una:hunter2%@mail.example", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@mail.example/path", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@mail.example?tls=no", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@mail.example#x", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una@mail.example", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://:hunter2@mail.example", From: from}, "GODWIT_SMTP_URL"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@mail.example"}, "GODWIT_MAIL_FROM"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@mail.example", From: "Godwit"}, "GODWIT_MAIL_FROM"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@mail.example", From: "a@b.example, c@d.example"}, "GODWIT_MAIL_FROM"},
		{mail.Options{SMTPURL: "smtp://una:hunter2@mail.example", From: "godwit@bücher.example"}, "GODWIT_MAIL_FROM"},
		{mail.Options{SMTPURL: "smtp://mail.example", From: from, PublicURL: "godwit.example"}, "GODWIT_PUBLIC_URL"},
		{mail.Options{SMTPURL: "smtp://mail.example", From: from, PublicURL: "javascript:alert(1)"}, "GODWIT_PUBLIC_URL"},
		{mail.Options{SMTPURL: "smtp://mail.example", From: from, PublicURL: "https://una:hunter2@godwit.example"}, "GODWIT_PUBLIC_URL"},
	} {
		_, err := mail.New(c.options)
		require.ErrorContains(t, err, c.variable, "%+v", c.options)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
