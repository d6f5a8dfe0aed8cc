package token

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

var errPEM = errors.New(`the key is no RSA key in PEM, which begins with "-----BEGIN PUBLIC KEY-----" or "-----BEGIN RSA PRIVATE KEY-----"`)

// privateKey reads an RSA private key in PEM, of PKCS #1 or PKCS #8.
func privateKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errPEM
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := any.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, errPEM
	}
	return key, nil
}

// publicKey reads an RSA public key in PEM, or that of a private key.
func publicKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errPEM
	}
	if any, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		if key, ok := any.(*rsa.PublicKey); ok {
			return key, nil
		}
		return nil, errPEM
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key, nil
	}
	private, err := privateKey(text)
	if err != nil {
		return nil, err
	}
	return &private.PublicKey, nil
}

// signRSA signs as PKCS #1 v1.5 does, which needs no chance.
func signRSA(text string, a algorithm, message []byte) ([]byte, error) {
	key, err := privateKey(text)
	if err != nil {
		return nil, errors.New("signing needs the RSA private key in PEM; the public key only verifies")
	}
	kind := crypto.SHA1
	if a == rsaSHA256 {
		kind = crypto.SHA256
	}
	return rsa.SignPKCS1v15(nil, key, kind, hashed(kind, message, nil))
}
