package ddim.train;

import ddim.data.FashionMnist;
import ddim.data.ImageSource;

/** Fashion-MNIST shrunk to 8x8 and repeated in three channels: real images for tiny networks. */
public final class TinyImages implements ImageSource {
  private static final int MARGIN = 2;
  private static final int BLOCK = 3;

  private final ImageSource images = FashionMnist.bundled();

  @Override
  public String name() {
    return "tiny-fashion-mnist";
  }

  @Override
  public String license() {
    return images.license();
  }

  @Override
  public int size() {
    return 1000;
  }

  @Override
  public int height() {
    return 8;
  }

  @Override
  public int width() {
    return 8;
  }

  @Override
  public int channels() {
    return 3;
  }

  @Override
  public void read(int index, byte[] into, int offset) {
    byte[] full = new byte[images.imageSize()];
    images.read(index, full, 0);
    for (int y = 0; y < 8; y++) {
      for (int x = 0; x < 8; x++) {
        int sum = 0;
        for (int i = 0; i < BLOCK * BLOCK; i++) {
          int row = MARGIN + BLOCK * y + i / BLOCK;
          int column = MARGIN + BLOCK * x + i % BLOCK;
          sum += full[row * 28 + column] & 0xff;
        }
        for (int c = 0; c < 3; c++) {
          into[offset + (y * 8 + x) * 3 + c] = (byte) (sum / (BLOCK * BLOCK));
        }
      }
    }
  }
}
