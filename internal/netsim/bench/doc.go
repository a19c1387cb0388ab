// Package bench runs the estimator, the pacer and real feedback packets of package bwe through the test cases of RFC 8867
// and some more, in virtual time, and says how well they did. A case is data: any schedule, delay, queue, loss, number of
// flows and cross traffic can be written down and run.
//
//	case.go      what a case consists of
//	cases.go     RFC 8867, sections 5.1 to 5.8
//	more.go      jitter, random and bursty loss, a policer, short queues, fast links, wrong clocks
//	select.go    cases by name
//	source.go    what is to be sent: video after RFC 8593, audio, pauses
//	flow.go      a sender: source -> control -> link, feedback -> control
//	control.go   our control: the Estimator and the Pacer of package bwe
//	receiver.go  counts what arrives and reports it as transport-wide feedback, marshalled by pion/rtcp
//	run.go       runs a case with a seed
//	plan.go      runs many, on all processors
//	measure.go   what is counted for each flow
//	possible.go  the metrics that compare it with what the network would have carried
//	score.go     medians over seeds and the levels that a case has to reach
//	metrics.go   figures as they are shown
//	table.go     Markdown, JSON and CSV
//	baseline.go  the stored figures of pion's gcc, gcc.json, which a test makes
//
// # Metrics
//
// All count packets with their IP and UDP headers. Padding is not delivered media: it shows as overhead.
//
//	util   media delivered / min(capacity, what the sources would send at most), over the time that flows are active;
//	       beside an endless TCP transfer, the fair share of the capacity
//	queue  percentiles over the media packets that got through of the time from arriving at the bottleneck to the
//	       start of the transmission
//	loss   share of the media packets that did not get through, for whatever reason
//	ramp   the longest time from a rise of the capacity to the end of the first second at 90 % of what is possible
//	drain  the longest time from a fall of the capacity to the first packet that waits less than 50 ms again, after
//	       the one that waited longest
//	audio  99th percentile of the queue, audio only: what the pacer does for it ends at the bottleneck
//	jain   fairness index of what the flows of the forward direction got in the last 40 s
//	share  of the media in what media and endless TCP got while both were active
//	pad    padding / all that was sent
//	fb     rate of feedback of one flow, in kbit/s
//
// The package must not know how bwe comes to its decisions.
package bench
