/** Of a message that a server had a part in, characters. */
const LONGEST_MESSAGE = 300;

/** Why a feed was not taken: `message` is one whole sentence, for operators. */
export class FeedRefusal extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message.slice(0, LONGEST_MESSAGE), options);
    this.name = "FeedRefusal";
  }
}
