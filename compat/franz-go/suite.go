// Checks in TAP-like lines, polling instead of sleeping, and the control channel of the broker.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	checkDeadline = 180 * time.Second
	pollInterval  = 25 * time.Millisecond
)

var (
	bootstrap = os.Getenv("OTTLA_COMPAT_BOOTSTRAP")
	control   = os.Getenv("OTTLA_COMPAT_CONTROL")
	runID     = newRunID()
	failures  int
)

func newRunID() string {
	raw := make([]byte, 4)
	_, _ = rand.Read(raw) // crypto/rand never fails; it ends the process instead.
	return hex.EncodeToString(raw)
}

// name returns a name that no other suite and no earlier run on the same broker has used.
func name(purpose string) string {
	return "compat-franz-go-" + purpose + "-" + runID
}

// check runs one check and prints its line; one failure hides no later check.
func check(text string, run func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), checkDeadline)
	defer cancel()
	if err := run(ctx); err != nil {
		failures++
		detail := strings.Join(strings.Fields(err.Error()), " ")
		fmt.Printf("not ok - %s # %.600s\n", text, detail)
		return
	}
	fmt.Printf("ok - %s\n", text)
}

func until(ctx context.Context, what string, probe func() bool) error {
	for !probe() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not happen in time", what)
		case <-time.After(pollInterval):
		}
	}
	return nil
}

func same(what string, actual, expected any) error {
	got, wanted := fmt.Sprintf("%v", actual), fmt.Sprintf("%v", expected)
	if got != wanted {
		return fmt.Errorf("%s: got %.300s, expected %.300s", what, got, wanted)
	}
	return nil
}

// firstError returns the first error that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// controlBroker restarts or kills the broker and returns when it serves again.
func controlBroker(action string) error {
	client := http.Client{Timeout: 150 * time.Second}
	response, err := client.Post(control+"/"+action, "text/plain", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return same("control answer "+string(body), response.StatusCode, http.StatusOK)
}
