package main

import (
	"fmt"
	"io"
	"runtime"
)

// spawn starts the process and watches for its end. It keeps the thread that
// starts it for as long as it lives: the kernel's "your parent died" signal goes
// by the thread.
func (s *standalone) spawn(out io.Closer) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		s.err = s.cmd.Wait()
		_ = out.Close() // a pipe in this process
		close(s.exited)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start the standalone: %w", err)
	}
	s.pid = s.cmd.Process.Pid
	return nil
}
