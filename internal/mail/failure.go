package mail

import (
	"errors"
	"fmt"
	"net/textproto"
)

// Permanent says whether err is final for its notice: sending it again would
// fail again. Anything that its operator can cure, or time, is not final: a
// server that is down, a certificate, a wrong password, a refused sender.
func Permanent(err error) bool {
	var final *finalError
	return errors.As(err, &final)
}

type finalError struct{ err error }

func permanent(err error) error { return &finalError{err} }

func (e *finalError) Error() string { return e.err.Error() }
func (e *finalError) Unwrap() error { return e.err }

// repliedLimit is how much of a server's text an error shows.
const repliedLimit = 200

// failed says what was being done when err came about. A server's text is cut,
// and put on one line.
func failed(doing string, err error) error {
	if reply := replied(err); reply != nil {
		return fmt.Errorf("%s: the mail server answered %d %s", doing, reply.Code, line(reply.Msg, repliedLimit))
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// refused is failed for what concerns this one message: a 5xx is final then,
// but for 530, which asks for TLS or a user.
func refused(doing string, err error) error {
	reply := replied(err)
	if err = failed(doing, err); reply != nil && reply.Code/100 == 5 && reply.Code != 530 {
		return permanent(err)
	}
	return err
}

// replied is the server's answer behind err; nil when there is none.
func replied(err error) *textproto.Error {
	var reply *textproto.Error
	errors.As(err, &reply)
	return reply
}
