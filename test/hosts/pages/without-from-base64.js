/** Makes the engine one that does not decode base64 by itself. Imported before all that might. */
delete Uint8Array.fromBase64;
