package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"godwit/internal/eventschema"
	"godwit/internal/hook"
)

// Limits of request bodies, in bytes: what the largest one that is acceptable
// needs, with room for how it is written.
const (
	smallBody    = 16 << 10
	namesBody    = 64 << 10 // up to 200 names of types
	schemaBody   = 2 * eventschema.MaxSchema
	maxBody      = hook.MaxEventBytes // and of webhooks: 50 rules of 4 KiB and more
	verifiedBody = 3 << 18            // maxVerified in base64
	maxBatch     = 8 << 20
)

// content is the body that a route takes.
type content struct {
	form     reflect.Type
	most     int64 // bytes
	optional bool  // it may be left out
	events   bool  // it may be a CloudEvent, or a batch of them, instead
	ahead    reader
}

// reader does what may take long with a body before there is a transaction, which would
// hold a connection for as long as that takes. Handlers find the result in the context.
type reader func(ctx huma.Context, raw []byte) (huma.Context, error)

// takes is a body of type T, of up to smallBody.
func takes[T any]() *content { return &content{form: reflect.TypeFor[T](), most: smallBody} }

func (c *content) upTo(bytes int64) *content { c.most = bytes; return c }

func (c *content) orNone() *content { c.optional = true; return c }

func (c *content) orCloudEvents() *content { c.events = true; return c }

// readBy has a body that comes with an idempotency key read before its transaction.
func (c *content) readBy(ahead reader) *content { c.ahead = ahead; return c }

// limit is the number of bytes that a body may have on a route without one, too.
func (c *content) limit() int64 {
	if c == nil {
		return smallBody
	}
	return c.most
}

const contentKey = "content"

// contentOf gives what the operation takes; the zero value for one that takes no body.
func contentOf(op *huma.Operation) content {
	if c, _ := op.Metadata[contentKey].(*content); c != nil {
		return *c
	}
	return content{}
}
