package ddim.model.foreign;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ddim.model.ModelFormatException;
import ddim.nn.UNetConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The {@code config.json} of a {@code UNet2DModel} of diffusers against {@link UNetConfig}.
 *
 * <p>Keys that are not there have diffusers' defaults, several of which are another network than
 * DDPM's: they are refused by name. Only {@code attention_head_dim} is not: files older than the
 * key are of networks with one head.
 *
 * @param unet the network
 * @param cosineFirst whether the time embedding is [cos, sin] instead of [sin, cos]
 */
record DiffusersUNet(UNetConfig unet, boolean cosineFirst) {
  private static final int MAX_SIDE = 8192;
  private static final int MAX_WIDTH = 1 << 16;
  private static final int MAX_BLOCKS = 64;
  private static final int MAX_LEVELS = 12;

  /**
   * Reads a configuration.
   *
   * @throws ModelFormatException naming every key that asks for what our network is not
   */
  static DiffusersUNet of(JsonKeys keys, Path source) {
    requireOurNetwork(keys);
    List<Integer> side = sides(keys);
    int channels = keys.integer("in_channels", 3, 1, MAX_WIDTH);
    if (keys.integer("out_channels", 3, 1, MAX_WIDTH) != channels) {
      keys.problem("out_channels must be in_channels, is " + keys.get("out_channels"));
    }
    List<Integer> widths = widths(keys);
    List<Integer> attending = attending(keys, widths.size());
    requireOneHead(keys, widths, attending);
    int resBlocks = keys.integer("layers_per_block", 2, 1, MAX_BLOCKS);
    int groups = keys.integer("norm_num_groups", UNetConfig.DEFAULT_NORM_GROUPS, 1, MAX_WIDTH);
    keys.require("attn_norm_num_groups", "null", "null", Integer.toString(groups));
    keys.require("time_embedding_dim", "null", "null", Integer.toString(4 * widths.get(0)));
    double dropout = keys.number("dropout", 0);
    int padding = keys.integer("downsample_padding", 1, 0, 1);
    boolean cosineFirst = keys.flag("flip_sin_to_cos", true);
    keys.refuseOthers();
    UNetConfig unet = null;
    if (keys.wrong().isEmpty()) {
      try {
        unet =
            new UNetConfig(
                side.get(0),
                side.get(1),
                channels,
                widths.get(0),
                widths.stream().map(width -> width / widths.get(0)).toList(),
                resBlocks,
                attending.stream().map(level -> side.get(0) >> level).toList(),
                dropout,
                groups,
                0,
                padding);
      } catch (IllegalArgumentException e) {
        keys.problem(String.valueOf(e.getMessage()));
      }
    }
    if (unet == null) {
      throw new ModelFormatException(
          source + ": asks for another network: " + String.join("; ", keys.wrong()));
    }
    return new DiffusersUNet(unet, cosineFirst);
  }

  private static void requireOurNetwork(JsonKeys keys) {
    keys.require("center_input_sample", "false", "false");
    keys.require("time_embedding_type", "\"positional\"", "\"positional\"");
    keys.require("freq_shift", "0", "1");
    keys.require("mid_block_type", "\"UNetMidBlock2D\"", "\"UNetMidBlock2D\"");
    keys.require("mid_block_scale_factor", "1", "1", "1.0");
    keys.require("downsample_type", "\"conv\"", "\"conv\"");
    keys.require("upsample_type", "\"conv\"", "\"conv\"");
    keys.require("act_fn", "\"silu\"", "\"silu\"", "\"swish\"");
    keys.require("resnet_time_scale_shift", "\"default\"", "\"default\"");
    keys.require("add_attention", "true", "true");
    keys.require("class_embed_type", "null", "null");
    keys.require("num_class_embeds", "null", "null");
    if (keys.number("norm_eps", 1e-5) != 1e-6) {
      keys.problem("norm_eps must be 1e-06, is " + keys.text("norm_eps", "1e-05, its default"));
    }
    keys.get("num_train_timesteps"); // of a learned time embedding, refused above
  }

  /** Height and width. */
  private static List<Integer> sides(JsonKeys keys) {
    JsonNode size = keys.get("sample_size");
    List<Integer> sides = new ArrayList<>();
    for (JsonNode side : size.isArray() ? size : List.of(size, size)) {
      if (side.isInt() && side.intValue() >= 1 && side.intValue() <= MAX_SIDE) {
        sides.add(side.intValue());
      }
    }
    if (sides.size() != 2) {
      keys.problem(
          "sample_size must be one or two whole numbers from 1 to %d, is %s"
              .formatted(MAX_SIDE, size));
      return List.of(1, 1);
    }
    return sides;
  }

  private static List<Integer> widths(JsonKeys keys) {
    JsonNode given = keys.get("block_out_channels");
    List<Integer> widths = new ArrayList<>();
    for (JsonNode width : given) {
      boolean multiple = widths.isEmpty() || width.intValue() % widths.get(0) == 0;
      if (width.isInt() && width.intValue() >= 1 && width.intValue() <= MAX_WIDTH && multiple) {
        widths.add(width.intValue());
      }
    }
    if (widths.size() != given.size() || widths.isEmpty() || widths.size() > MAX_LEVELS) {
      keys.problem(
          "block_out_channels must be 1 to %d multiples of the first, each at most %d; is %s"
              .formatted(MAX_LEVELS, MAX_WIDTH, given));
      return List.of(1);
    }
    return widths;
  }

  /** The levels with attention. */
  private static List<Integer> attending(JsonKeys keys, int levels) {
    List<Integer> attending = new ArrayList<>();
    List<String> down = keys.texts("down_block_types");
    for (int level = 0; level < down.size(); level++) {
      if (down.get(level).equals("AttnDownBlock2D")) {
        attending.add(level);
      } else if (!down.get(level).equals("DownBlock2D")) {
        keys.problem("down_block_types must be DownBlock2D or AttnDownBlock2D, are " + down);
      }
    }
    List<String> up = new ArrayList<>(keys.texts("up_block_types"));
    List<String> mirrored = new ArrayList<>(down);
    mirrored.replaceAll(name -> name.replace("Down", "Up"));
    Collections.reverse(mirrored);
    if (!up.equals(mirrored)) {
      keys.problem("up_block_types must mirror down_block_types, are " + up);
    }
    if (down.size() != levels) {
      keys.problem("down_block_types must be one a level, are " + down);
    }
    return attending;
  }

  private static void requireOneHead(JsonKeys keys, List<Integer> widths, List<Integer> attending) {
    List<Integer> wanted = new ArrayList<>();
    wanted.add(widths.get(widths.size() - 1)); // of the middle
    attending.stream().filter(level -> level < widths.size()).map(widths::get).forEach(wanted::add);
    JsonNode size = keys.get("attention_head_dim");
    if (!size.isNull() && !wanted.stream().allMatch(width -> size.asInt(-1) == width)) {
      keys.problem(
          "attention_head_dim must be null or the width of every attention, %s (one head); is %s"
              .formatted(wanted, size));
    }
  }

  /** The configuration of a network of ours, as diffusers reads it. */
  static ObjectNode json(UNetConfig unet) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("_class_name", "UNet2DModel");
    json.putArray("sample_size").add(unet.height()).add(unet.width());
    json.put("in_channels", unet.imageChannels()).put("out_channels", unet.imageChannels());
    json.put("center_input_sample", false);
    json.put("time_embedding_type", "positional");
    json.put("freq_shift", 1).put("flip_sin_to_cos", false);
    ArrayNode down = json.putArray("down_block_types");
    ArrayNode up = json.putArray("up_block_types");
    ArrayNode widths = json.putArray("block_out_channels");
    for (int level = 0; level < unet.levels(); level++) {
      boolean attends = unet.attentionAt().contains(unet.height() >> level);
      down.add(attends ? "AttnDownBlock2D" : "DownBlock2D");
      up.insert(0, attends ? "AttnUpBlock2D" : "UpBlock2D");
      widths.add(unet.channels() * unet.channelMultipliers().get(level));
    }
    json.put("layers_per_block", unet.resBlocks());
    json.put("mid_block_scale_factor", 1).put("downsample_padding", unet.downsamplePadding());
    json.put("downsample_type", "conv").put("upsample_type", "conv");
    json.put("dropout", unet.dropout()).put("act_fn", "silu");
    json.putNull("attention_head_dim");
    json.put("norm_num_groups", unet.normGroups()).put("norm_eps", 1e-6);
    json.put("resnet_time_scale_shift", "default").put("add_attention", true);
    return json;
  }
}
