// Package listen is godwit listen: it reads the stream of a listener, makes each
// request to a receiver on this machine, and says what the receiver answered.
//
// What it promises: the receiver gets the bytes that a receiver with a URL gets; a
// request that is under way, or whose answer could not be sent yet, is not made again
// after a reconnect; what can't be made, because the receiver is down, is given back
// and kept by the server. docs/local.md has the protocol.
package listen
