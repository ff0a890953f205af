package send

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"godwit/internal/hook"
	"godwit/internal/retry"
)

const (
	// maxBodyBytes is how much of an answer's body is kept.
	maxBodyBytes = 64 << 10
	// maxAnswerHeaders, maxNameBytes and maxValueBytes bound what is kept of its
	// header.
	maxAnswerHeaders = 100
	maxNameBytes     = 256
	maxValueBytes    = 4 << 10
)

// answer is what receive needs beside the response.
type answer struct {
	result hook.Result
	limit  time.Duration
	at     time.Time // when the request was signed
}

// receive turns a response into the attempt's result. limited is the attempt's
// own context. The caller closes the body.
func receive(limited context.Context, resp *http.Response, a answer) hook.Result {
	result := a.result
	result.StatusCode = resp.StatusCode
	result.ResponseHeaders = kept(resp.Header)
	result.Outcome, result.Reason = retry.Classify(resp.StatusCode)
	if result.Outcome == hook.Failure {
		result.Error = statusSentence(resp.StatusCode)
	}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		if wait, ok := retry.ParseRetryAfter(resp.Header.Get("Retry-After"), a.at); ok {
			result.RetryAfter = max(wait, hook.MinPause)
		}
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// Its body is the bare connection, which no context ends (go.dev/issue/71325).
		return result
	}
	var err error
	result.ResponseBody, result.Truncated, err = readBody(resp.Body)
	if result.Outcome == hook.Success && err != nil && errors.Is(context.Cause(limited), errTimeUp) {
		return fail(result, hook.ReasonTimeoutBody, a.limit)
	}
	return result
}

// readBody reads the first maxBodyBytes. It is truncated when there was more,
// or when err says that the rest never came. What is beyond is not read: the
// caller's Close drops the connection.
func readBody(r io.Reader) (body []byte, truncated bool, err error) {
	body, err = io.ReadAll(io.LimitReader(r, maxBodyBytes+1))
	if len(body) > maxBodyBytes {
		return body[:maxBodyBytes], true, nil
	}
	return body, err != nil, err
}

// kept gives the header's lines by name, each made clean and cut.
func kept(header http.Header) []hook.Header {
	var lines []hook.Header
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			if len(lines) == maxAnswerHeaders {
				return lines
			}
			lines = append(lines, hook.Header{Name: clean(name, maxNameBytes), Value: clean(value, maxValueBytes)})
		}
	}
	return lines
}
