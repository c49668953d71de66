#include "kantei/authenticity/jumbf_box.h"

#include <cstdint>

namespace kantei::authenticity::origin {
namespace {

constexpr int kMaxDepth = 16;  // a C2PA store needs 5
constexpr int kMaxBoxes = 20'000;

class Parser {
 public:
  explicit Parser(std::string* problem) : problem_(problem) {}

  // Reads the boxes of `bytes` into `parent`. The first superbox child of a superbox is its description.
  void ReadChildren(ByteSpan bytes, int depth, bool top, JumbfBox* parent) {
    if (depth > kMaxDepth) {
      Problem("the JUMBF boxes are nested deeper than " + std::to_string(kMaxDepth) + " levels");
      return;
    }
    ByteReader reader(bytes);
    while (reader.remaining() > 0) {
      if (++boxes_ > kMaxBoxes) {
        Problem("there are more than " + std::to_string(kMaxBoxes) + " JUMBF boxes");
        return;
      }
      const std::size_t left = reader.remaining();
      std::uint32_t small = 0;
      ByteSpan type, body;
      std::uint64_t size = 0, header = 8;
      bool sound = reader.Read(&small) && reader.Take(4, &type);
      size = small;
      if (sound && small == 1) {
        sound = reader.Read(&size);
        header = 16;
      } else if (small == 0) {
        size = left;
      }
      if (!sound || size < header || !reader.Take(size - header, &body)) {
        Problem("a JUMBF box runs past the end of the box around it");
        return;
      }
      const std::string_view name = AsText(type);
      if (name == "jumb") {
        parent->children.emplace_back();
        ReadChildren(body, depth + 1, false, &parent->children.back());
      } else if (name == "jumd" && !top) {
        if (!ReadDescription(body, parent)) Problem("a JUMBF description box is too short");
      } else if (!top && name != "free") {
        parent->contents.push_back({std::string(name), body});
      }
    }
  }

 private:
  static bool ReadDescription(ByteSpan body, JumbfBox* box) {
    ByteReader reader(body);
    ByteSpan uuid;
    std::uint8_t toggles = 0;
    std::string_view label;
    if (!reader.Take(16, &uuid) || !reader.Read(&toggles)) return false;
    box->kind = AsText(uuid.first(4));
    if ((toggles & 2) == 0) return true;
    if (!reader.TakeString(&label)) return false;
    box->label = CutText(ReadableText(label), 512);
    return true;
  }

  void Problem(std::string sentence) {
    if (problem_->empty()) *problem_ = std::move(sentence);
  }

  std::string* problem_;
  int boxes_ = 0;
};

}  // namespace

const JumbfBox* JumbfBox::Child(std::string_view wanted) const {
  for (const JumbfBox& child : children) {
    const std::string_view name = child.label;
    if (!name.starts_with(wanted)) continue;
    const std::string_view suffix = name.substr(wanted.size());
    if (suffix.empty() || suffix.starts_with("__") || suffix.starts_with(".v")) return &child;
  }
  return nullptr;
}

const JumbfContent* JumbfBox::Content(std::string_view type) const {
  for (const JumbfContent& content : contents) {
    if (content.type == type) return &content;
  }
  return nullptr;
}

std::vector<JumbfBox> ReadJumbf(ByteSpan bytes, std::string* problem) {
  JumbfBox root;
  Parser(problem).ReadChildren(bytes, 0, true, &root);
  return std::move(root.children);
}

}  // namespace kantei::authenticity::origin
