// Package mail tells a webhook's owner by mail that the webhook was switched
// off, works again, or needs a person. It sends one message, as plain text and
// as HTML, over SMTP.
//
// What it promises:
//
//   - The words are for people who don't program: what happened, since when,
//     why, what is kept, what comes next, and one link.
//   - No message holds a secret, a payload or a URL but the link to the webhook.
//     Names may hold anything: they can't add headers, markup or lines, nor turn
//     the direction of the text around them.
//   - A password is only sent over TLS with a verified certificate, or to a
//     loopback host. No error shows it.
//   - Send never outlives its timeout or its context, whatever the server does.
//   - The same notice has the same Message-ID, so that a message that was sent
//     twice can be told by whoever reads it.
//
// Permanent tells an error that no repetition can cure.
//
// The package imports hook, the standard library, go-mail and the encoding of
// domain names. It keeps nothing and repeats nothing.
package mail
