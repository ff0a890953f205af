package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"go.temporal.io/server/common/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// openTemporalLog gives the embedded server its own log file, from the level
// warn. What the server calls fatal would end the process on the spot; it is
// sent to died instead, so that everything else can stop in order.
func openTemporalLog(file string, died chan<- error) (log.Logger, error) {
	sink, err := newCappedFile(file)
	if err != nil {
		return nil, fmt.Errorf("open Temporal's log: %w", err)
	}
	core := zapcore.NewCore(zapcore.NewJSONEncoder(log.DefaultZapEncoderConfig), sink, zapcore.WarnLevel)
	return log.NewZapLogger(zap.New(core, zap.WithFatalHook(onFatal(died)))), nil
}

// onFatal reports the first fatal entry and ends the goroutine that logged it.
type onFatal chan<- error

// OnWrite implements zapcore.CheckWriteHook.
func (died onFatal) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	reason := entry.Message
	for _, field := range fields {
		if err, ok := field.Interface.(error); ok && field.Type == zapcore.ErrorType {
			reason += ": " + err.Error()
		}
	}
	select {
	case died <- errors.New(reason):
	default: // one reason is enough
	}
	runtime.Goexit()
}

// logLimit bounds the log: a server that can't reach its database repeats itself.
const logLimit = 32 << 20

// cappedFile is a log file that begins anew when it is full, and at each start.
type cappedFile struct {
	mu      sync.Mutex
	file    *os.File
	written int
}

func newCappedFile(name string) (*cappedFile, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &cappedFile{file: f}, nil
}

// Write implements io.Writer.
func (c *cappedFile) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.written+len(line) > logLimit {
		if err := c.rewind(); err != nil {
			return 0, err
		}
	}
	n, err := c.file.Write(line)
	c.written += n
	return n, err
}

func (c *cappedFile) rewind() error {
	c.written = 0
	if err := c.file.Truncate(0); err != nil {
		return err
	}
	_, err := c.file.Seek(0, io.SeekStart)
	return err
}

// Sync implements zapcore.WriteSyncer.
func (c *cappedFile) Sync() error { return c.file.Sync() }
