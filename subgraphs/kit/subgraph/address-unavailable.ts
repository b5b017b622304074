/** A server cannot have the address it was told; the message says which. */
export class AddressUnavailable extends Error {}
