package ddim.serve.batch;

import java.time.Duration;

/**
 * When the device is not there for new rows.
 *
 * @param callLeft the rest of the batcher's own graph call under way
 * @param ofOthers what others who share the device may take before the batcher's next call
 * @param aStep what they take later on, for each step of the batcher's calls, as calls take turns
 */
record Wait(Duration callLeft, Duration ofOthers, Duration aStep) {
  static final Wait NONE = new Wait(Duration.ZERO, Duration.ZERO, Duration.ZERO);
}
