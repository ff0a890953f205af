package api

import "context"

// ByID is the path of one object.
type ByID struct {
	ID string `path:"id" doc:"Id: 1 to 128 characters out of A-Z a-z 0-9 . _ : - / @ | = + ~ , ! $ & ' ( ) * ; and in a path they are escaped, the slash as %2F"`
}

// putInput is the input of a PUT: an id and a body.
type putInput struct {
	ByID
	Payload
}

// putReply says 201 for what is new, 200 for what was changed.
type putReply[T any] struct {
	Status int
	Body   T
}

func put[T any](v T, created bool) *putReply[T] {
	if created {
		return &putReply[T]{Status: 201, Body: v}
	}
	return &putReply[T]{Status: 200, Body: v}
}

// reply is an answer that is a body alone.
type reply[T any] struct{ Body T }

// remove is every DELETE by id.
func remove(ctx context.Context, in *ByID, del func(context.Context, string) error) (*struct{}, error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	return nil, del(ctx, in.ID)
}
