package listen

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"time"
)

const (
	// silence is how long a stream may bring nothing, not even a comment: those come
	// every 5 seconds.
	silence = 40 * time.Second
	// maxLine bounds one line of the stream: a body of 256 KiB in base64, with more
	// beside it in some formats.
	maxLine = 4 << 20
	// A machine that slept sees its clock jump: each clockLook it is compared, and a
	// difference of clockJump ends the stream, whose connection is dead by then.
	clockLook = 2 * time.Second
	clockJump = 10 * time.Second
)

// event is one of the stream.
type event struct {
	name string
	data []byte
}

// read calls each for the events of a stream until it ends, is silent for too long,
// or the machine has slept.
func read(ctx context.Context, body io.ReadCloser, each func(event)) {
	quiet := time.AfterFunc(silence, func() { _ = body.Close() })
	defer quiet.Stop()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go watchClock(watching, time.Now, func() { _ = body.Close() })
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var e event
	for lines.Scan() {
		quiet.Reset(silence)
		line := lines.Bytes()
		switch {
		case len(line) == 0 && e.name != "":
			each(e)
			e = event{}
		case bytes.HasPrefix(line, []byte("event: ")):
			e.name = string(line[len("event: "):])
		case bytes.HasPrefix(line, []byte("data: ")):
			e.data = bytes.Clone(line[len("data: "):])
		}
	}
}

// watchClock calls jumped when the wall clock moves by much more than the time that
// has passed.
func watchClock(ctx context.Context, now func() time.Time, jumped func()) {
	tick := time.NewTicker(clockLook)
	defer tick.Stop()
	last := now().Round(0) // the wall clock alone: the other one stops while a machine sleeps
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		at := now().Round(0)
		if d := at.Sub(last) - clockLook; d > clockJump || d < -clockJump {
			jumped()
		}
		last = at
	}
}

// delivery is a request that is to be made.
type delivery struct {
	Delivery   string      `json:"delivery"`
	Attempt    int         `json:"attempt"`
	Headers    [][2]string `json:"headers"`
	BodyBase64 []byte      `json:"body_base64"` // encoding/json reads base64 into bytes
	TimeoutMS  int64       `json:"timeout_ms"`
}

func (d delivery) key() key { return key{d.Delivery, d.Attempt} }

func (d delivery) header(name string) string {
	for _, h := range d.Headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

// key names a request.
type key struct {
	delivery string
	attempt  int
}

func parseDelivery(data []byte) (d delivery, err error) {
	err = json.Unmarshal(data, &d)
	return d, err
}
