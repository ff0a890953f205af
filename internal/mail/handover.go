package mail

import (
	"errors"
	netmail "net/mail"

	"github.com/wneessen/go-mail/smtp"
)

// handOver gives the message to a server that is ready for it.
func handOver(client *smtp.Client, e envelope) error {
	if err := address(client, e); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return refused("begin the message", err)
	}
	if _, err := w.Write(e.content); err != nil {
		return failed("send the message", err)
	}
	if err := w.Close(); err != nil {
		return refused("end the message", err)
	}
	_ = client.Quit() // the message is the server's already
	return nil
}

// address names sender and recipient. A refused sender is not final: it is the
// operator's setting, and the same for every message.
func address(client *smtp.Client, e envelope) error {
	// SMTPUTF8 is asked for when it is needed alone: a message that has it
	// bounces where the next server lacks it.
	international := !ascii(e.to)
	if offered, _ := client.Extension("SMTPUTF8"); international && !offered {
		return permanent(errors.New("the mail server can't send to an address with letters beyond ASCII (SMTPUTF8)"))
	}
	client.SkipSMTPUTF8(!international)
	if err := client.Mail(bracketed(e.from)); err != nil {
		return failed("name GODWIT_MAIL_FROM as the sender", err)
	}
	if err := client.Rcpt(bracketed(e.to)); err != nil {
		return refused("name the owner as the recipient", err)
	}
	return nil
}

// bracketed puts quotes where an address needs them.
func bracketed(address string) string { return (&netmail.Address{Address: address}).String() }
