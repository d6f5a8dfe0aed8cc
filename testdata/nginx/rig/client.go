package rig

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Request is one request: a target that is sent byte for byte, and header lines
// such as "Host: example.com", in order.
type Request struct {
	Target  string
	Headers []string
}

// Client speaks HTTP/1.1 over one kept connection, opened when first needed and
// again after nginx closed it. Not safe for concurrent use.
type Client struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
}

// Dial returns a client with a connection of its own.
func (s *Server) Dial() *Client { return &Client{addr: s.addr} }

// Do sends one GET and returns its status, after the whole body was read.
func (c *Client) Do(target string, headers ...string) (int, error) {
	status, err := c.All([]Request{{target, headers}})
	if err != nil {
		return 0, err
	}
	return status[0], nil
}

const pipelined = 64

// All sends GETs, many at a time, and returns their statuses in order. After a
// request that makes nginx close the connection (a 400) it goes on with the
// next one on a new connection.
func (c *Client) All(requests []Request) ([]int, error) {
	statuses := make([]int, 0, len(requests))
	width, lost := pipelined, 0
	for len(statuses) < len(requests) {
		rest := requests[len(statuses):]
		got, err := c.some(rest[:min(width, len(rest))])
		statuses = append(statuses, got...)
		switch {
		case err == nil || len(got) > 0:
			width, lost = pipelined, 0
		case lost > 0:
			return statuses, fmt.Errorf("request %d, target %q: %w", len(statuses)+1, rest[0].Target, err)
		default: // send the request that got no answer once more, alone
			width, lost = 1, 1
		}
	}
	return statuses, nil
}

var errClosed = errors.New("nginx closed the connection")

func (c *Client) some(requests []Request) (statuses []int, err error) {
	if err := c.open(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, r := range requests {
		fmt.Fprintf(&out, "GET %s HTTP/1.1\r\n", r.Target)
		for _, h := range r.Headers {
			out.WriteString(h + "\r\n")
		}
		out.WriteString("\r\n")
	}
	go io.Copy(c.conn, &out)
	for range requests {
		status, last, err := readResponse(c.in)
		if err != nil {
			return statuses, errors.Join(err, c.Close())
		}
		statuses = append(statuses, status)
		if last {
			return statuses, errors.Join(errClosed, c.Close())
		}
	}
	return statuses, nil
}

func (c *Client) open() (err error) {
	if c.conn == nil {
		c.conn, err = net.Dial("tcp", c.addr)
		c.in = bufio.NewReader(c.conn)
	}
	if err != nil {
		c.conn = nil
		return err
	}
	return c.conn.SetDeadline(time.Now().Add(30 * time.Second))
}

// Close closes the connection; the next request opens another.
func (c *Client) Close() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn = nil
	return err
}

// readResponse reads one response with its body; last says that nginx closes
// the connection after it.
func readResponse(in *bufio.Reader) (status int, last bool, err error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, false, err
	}
	if _, err := fmt.Sscanf(line, "HTTP/1.1 %d", &status); err != nil {
		return 0, false, fmt.Errorf("status line %q: %w", line, err)
	}
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, false, err
		}
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch strings.ToLower(name) {
		case "content-length":
			if length, err = strconv.Atoi(value); err != nil {
				return 0, false, err
			}
		case "connection":
			last = value == "close"
		case "":
			_, err = in.Discard(length)
			return status, last, err
		}
	}
}
