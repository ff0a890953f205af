// Package access decides who comes in to the API, how often, and with what. It knows no
// handler and no form: what a route says of itself comes from its row in the table of
// routes.
package access

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Media types of request bodies.
const (
	MediaJSON       = "application/json"
	MediaMergePatch = "application/merge-patch+json"
)

// smallBody is the limit of a body, in bytes, where its route has no other.
const smallBody = 16 << 10

// Content is the body that a route takes.
type Content struct {
	Form     reflect.Type
	most     int64 // bytes
	Optional bool  // it may be left out
	Events   bool  // it may be a CloudEvent, or a batch of them, instead
	Ahead    reader
	Remedy   string // what to do with a larger one; "" = there is nothing to say
}

// reader does what may take long with a body before there is a transaction, which would
// hold a connection for as long as that takes. Handlers find the result in the context.
type reader func(ctx huma.Context, raw []byte) (huma.Context, error)

// Takes is a body of type T, of up to smallBody.
func Takes[T any]() *Content { return &Content{Form: reflect.TypeFor[T](), most: smallBody} }

// UpTo has the body be of up to so many bytes.
func (c *Content) UpTo(bytes int64) *Content { c.most = bytes; return c }

// WhenLarger says in a sentence what to do with a larger body.
func (c *Content) WhenLarger(remedy string) *Content { c.Remedy = remedy; return c }

// OrNone lets the body be left out.
func (c *Content) OrNone() *Content { c.Optional = true; return c }

// OrCloudEvents lets a CloudEvent, or a batch of them, come instead.
func (c *Content) OrCloudEvents() *Content { c.Events = true; return c }

// ReadBy has a body that comes with an idempotency key read before its transaction.
func (c *Content) ReadBy(ahead reader) *Content { c.Ahead = ahead; return c }

// Limit is the number of bytes that a body may have on a route without one, too.
func (c *Content) Limit() int64 {
	if c == nil {
		return smallBody
	}
	return c.most
}

// ContentKey is under what an operation holds its Content, for ContentOf.
const ContentKey = "content"

// ContentOf gives what the operation takes; the zero value for one that takes no body.
func ContentOf(op *huma.Operation) Content {
	if c, _ := op.Metadata[ContentKey].(*Content); c != nil {
		return *c
	}
	return Content{}
}
