package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

// maxOffer is the most bytes of an offer: Chromium's with all codecs has some 10 kB.
const maxOffer = 64 << 10

// recorder serves the page and keeps the recording that runs.
type recorder struct {
	out string

	mu      sync.Mutex
	current *recording
}

var errNoRecording = errors.New("no recording runs")

func main() {
	listen := flag.String("listen", "127.0.0.1:8091", "address of the page")
	out := flag.String("out", "testdata/rtp", "folder of the recordings")
	flag.Parse()
	r := &recorder{out: *out}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>recorder</title>")
	})
	mux.HandleFunc("POST /offer", handle(r.offer))
	mux.HandleFunc("GET /packets", handle(r.packets))
	mux.HandleFunc("POST /keyframe", handle(r.keyframe))
	mux.HandleFunc("POST /save", handle(r.save))
	log.Fatal(http.ListenAndServe(*listen, mux))
}

// handle turns a function from a body to an answer into a handler.
func handle(f func(body []byte) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxOffer))
		if err == nil {
			var answer string
			if answer, err = f(body); err == nil {
				fmt.Fprint(w, answer)
				return
			}
		}
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (r *recorder) offer(body []byte) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current != nil {
		r.current.close()
	}
	var answer string
	var err error
	r.current, answer, err = newRecording(string(body))
	return answer, err
}

func (r *recorder) packets([]byte) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return "", errNoRecording
	}
	return fmt.Sprint(r.current.count()), nil
}

func (r *recorder) keyframe([]byte) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return "", errNoRecording
	}
	return "", r.current.askForKeyframes()
}

func (r *recorder) save(body []byte) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return "", errNoRecording
	}
	var t Title
	if err := json.Unmarshal(body, &t); err != nil {
		return "", fmt.Errorf("title: %w", err)
	}
	r.current.close()
	text := r.current.text(&t)
	r.current = nil
	return "", os.WriteFile(filepath.Join(r.out, filepath.Base(t.Name)+".txt"), text, 0o644)
}
