package ddim.serve.call;

/** How many images a client may ask for. Thread-safe. */
interface Quota {
  /** Of a client that may ask for any number. */
  Quota NONE =
      new Quota() {
        @Override
        public void ask(int images) {}

        @Override
        public void giveBack(int images) {}
      };

  /**
   * Counts images.
   *
   * @throws ddim.serve.error.QuotaException if these are too many
   */
  void ask(int images);

  /** Takes images back that were counted and were not let in. */
  void giveBack(int images);
}
