// Package send makes one HTTP attempt: it builds the body in the webhook's
// format, signs it, sends it to the receiver and says its outcome.
//
// What it promises:
//
//   - Every way in which a receiver can fail is a hook.Result with a closed
//     hook.Reason. An error is returned only when the caller gave up, so that a
//     shutdown is never charged to a receiver.
//   - The status line decides. Once it has arrived the Result stands, whatever
//     becomes of the body, but for one case: a 2xx whose body has not ended
//     when the time is up is a failed attempt (timeout_body).
//   - An answer that has arrived counts, also where the receiver did not read all
//     of the request.
//   - A connection that was kept and breaks before any byte of an answer costs no
//     attempt: the same request goes once more over a new one, in the same time.
//   - An attempt never outlives its timeout, and never keeps more than a fixed
//     amount of what a receiver sends.
//   - Only public addresses are dialled, and those the operator allowed, and
//     none at a port that belongs to another kind of service. The address that
//     is dialled is checked, not the URL: names, redirects and odd spellings
//     can't get around it. Redirects are not followed, proxies from the
//     environment are not used. A proxy that the operator names is asked for an
//     address that was checked before, never for a name.
//   - Webhooks with different certificates never share a connection.
//   - No secret, no address and no text of a receiver is in Result.Error, and
//     everything in a Result but its body is valid UTF-8 without NUL.
//
// CheckURL, CheckHeaders and Sender.CheckHost say at creation what would fail
// at delivery.
//
// The package imports hook, retry, the standard library, the dial guard, a cache
// and what makes DNS names of international hosts. It keeps nothing and makes no
// second attempt.
package send
