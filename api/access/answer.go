package access

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"

	"github.com/gin-gonic/gin"
)

// Answer is an answer as it is kept for an idempotency key.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Encode gives what is kept of an answer: nothing unless all was well.
func (a Answer) Encode() []byte {
	if a.Status >= http.StatusMultipleChoices {
		return nil
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // these types can be encoded
	}
	return text
}

// Send gives the answer to a client, who may be gone.
func (a Answer) Send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body)
}

// Record has a handler answer c, and keeps the answer back.
func Record(c *gin.Context, handle func()) Answer {
	r := &recording{ResponseWriter: c.Writer, status: http.StatusOK, header: http.Header{}}
	c.Writer = r
	defer func() { c.Writer = r.ResponseWriter }()
	handle()
	return Answer{r.status, r.header, r.body.Bytes()}
}

// recording is a writer of answers that sends nothing.
type recording struct {
	gin.ResponseWriter
	status int
	header http.Header
	body   bytes.Buffer
}

func (r *recording) Header() http.Header                  { return r.header }
func (r *recording) WriteHeader(status int)               { r.status = status }
func (r *recording) WriteHeaderNow()                      {}
func (r *recording) Write(b []byte) (int, error)          { return r.body.Write(b) }
func (r *recording) WriteString(text string) (int, error) { return r.body.WriteString(text) }
func (r *recording) Status() int                          { return r.status }
func (r *recording) Size() int                            { return r.body.Len() }
func (r *recording) Written() bool                        { return r.body.Len() > 0 }
