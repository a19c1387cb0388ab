package sfu

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/pion/srtp/v3"
	"github.com/pion/webrtc/v4"
	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/icemux"
)

// Rounds of what readers hand over, and of what a worker sends, allocate nothing.
func TestFastPathAllocatesNothing(t *testing.T) {
	for _, profile := range []srtp.ProtectionProfile{srtp.ProtectionProfileAeadAes128Gcm, srtp.ProtectionProfileAeadAes256Gcm} {
		b := newPathBench(t)
		r := b.join(profile, 10)
		b.connect(r, "ours")
		const runs, round = 200, 8
		var rounds [][]icemux.Datagram
		for i := range runs + 1 {
			var batch []icemux.Datagram
			for k := range round {
				batch = append(batch, icemux.Datagram{To: r.path, Bytes: r.packet(t, 1, uint16(i*round+k), 1100)})
			}
			rounds = append(rounds, batch)
		}
		receive := func() {
			b.worker.Deliver(time.Now(), rounds[0])
			b.worker.drain()
			rounds = rounds[1:]
		}
		b.drops()
		if n := testing.AllocsPerRun(runs, receive); n != 0 {
			t.Errorf("%v: %v allocations to receive %d packets, want 0", profile, n, round)
		}
		b.expect("received", map[string]int{"unbound": (runs + 1) * round})
		packet := append([]byte{0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}, make([]byte, 1100)...)
		seq := uint16(0)
		send := func() {
			for range round {
				seq++
				binary.BigEndian.PutUint16(packet[2:], seq)
				r.path.sendRTP(packet)
			}
			b.worker.flush()
		}
		if n := testing.AllocsPerRun(runs, send); n != 0 {
			t.Errorf("%v: %v allocations to send %d packets, want 0", profile, n, round)
		}
		b.expect("sent", nil)
	}
}

// viewerOf is a Transport of a real server with a slot, to a viewer of Pion.
func viewerOf(b *testing.B, path MediaPath) *slotSender {
	b.Helper()
	srv := realServer(b, Config{Workers: 1, MediaPath: path})
	f := newFar(b)
	if _, err := f.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		b.Fatal(err)
	}
	member, _ := f.join(srv, "viewer", false)
	t := member.(*Participant).transport
	for ready := false; !ready; { // the other side is up before we are
		asked := make(chan bool)
		t.worker.post(func(time.Duration) { asked <- t.connected.Load() && (t.fast == nil || t.fast.out != nil) })
		ready = <-asked
	}
	found := make(chan *slotSender)
	t.worker.post(func(time.Duration) {
		for _, ss := range t.out.slots {
			found <- ss
		}
	})
	return <-found
}

// BenchmarkMediaPathSend is what it costs the worker's thread to protect and send a packet of 1,200 bytes, eight a round, by each media path.
func BenchmarkMediaPathSend(b *testing.B) {
	for _, path := range []MediaPath{MediaPortable, MediaFast} {
		b.Run(string(path), func(b *testing.B) {
			ss := viewerOf(b, path)
			w := ss.t.worker
			done := make(chan struct{})
			b.ReportAllocs()
			b.ResetTimer()
			w.post(func(time.Duration) {
				defer close(done)
				packet := w.buf[:1200]
				packet[0], packet[1] = 0x80, 96
				binary.BigEndian.PutUint32(packet[8:], ss.to.ssrc)
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				used := cpuTime(b, unix.RUSAGE_THREAD)
				for i := range b.N {
					binary.BigEndian.PutUint16(packet[2:], uint16(i))
					ss.emit(packet)
					if i%8 == 7 {
						w.send()
					}
				}
				b.ReportMetric(float64(cpuTime(b, unix.RUSAGE_THREAD)-used)/float64(b.N), "cpu-ns/packet")
			})
			<-done
		})
	}
}

// cpuTime is what this process has used (unix.RUSAGE_SELF) or this thread (unix.RUSAGE_THREAD), in user and kernel mode.
func cpuTime(b *testing.B, who int) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// received is how many packets a Transport has taken.
func received(t *Transport) float64 {
	n := make(chan float64)
	t.worker.post(func(time.Duration) {
		sum := 0.0
		for _, source := range t.in.sources {
			if !source.rtx {
				sum += float64(source.enc.in.Stats().Packets)
			}
		}
		n <- sum
	})
	return <-n
}

// BenchmarkMediaPathReceive is what a packet of 1,100 bytes costs the process from the socket to the Inbound, by each media path. What the
// thread that sends has used is not counted.
func BenchmarkMediaPathReceive(b *testing.B) {
	for _, path := range []MediaPath{MediaPortable, MediaFast} {
		b.Run(string(path), func(b *testing.B) {
			srv := realServer(b, Config{Workers: 1, MediaPath: path})
			f := newFar(b)
			track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "v", "s")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := f.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
				b.Fatal(err)
			}
			member, _ := f.join(srv, "publisher", true)
			t := member.(*Participant).transport
			var seq uint16
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			others := func() time.Duration { return cpuTime(b, unix.RUSAGE_SELF) - cpuTime(b, unix.RUSAGE_THREAD) }
			used := others()
			for i := 0; b.Loop(); i++ {
				for _, p := range framePackets(8, &seq, uint32(i)*3000) {
					if err := track.WriteRTP(p); err != nil {
						b.Fatal(err)
					}
				}
				for sent := float64(8 * (i + 1)); i%16 == 15 && received(t) < sent-64; {
					runtime.Gosched() // no more wait than any buffer holds
				}
			}
			b.StopTimer()
			got := received(t)
			b.ReportMetric(100*got/float64(8*b.N), "%received")
			b.ReportMetric(float64(others()-used)/got, "cpu-ns/packet")
		})
	}
}
