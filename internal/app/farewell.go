package app

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// lastCall bounds each call to Temporal once the process has to stop, those that wait for
// work included. A Temporal that is there answers in milliseconds, and ends those at once.
const lastCall = 3 * time.Second

// farewell keeps a Temporal that is away from holding up the end of the process. The
// SDK makes each call again for 10 s, one after the other; while the process stops, a
// call is made once, for lastCall at most. What it would have told is in the ledger.
func farewell(stopping context.Context) grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, in, out any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		unwatch := context.AfterFunc(stopping, func() { time.AfterFunc(lastCall, cancel) })
		defer unwatch()
		err := invoke(ctx, method, in, out, conn, opts...)
		if stopping.Err() != nil && status.Code(err) == codes.Unavailable {
			return status.Error(codes.Canceled, "Temporal can't be reached, and the process stops") // a code that the SDK does not try again
		}
		return err
	})
}
