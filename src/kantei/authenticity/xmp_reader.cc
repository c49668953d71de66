// XMP packets (ISO 16684-1: RDF/XML) flattened to leaves.
#include <algorithm>
#include <array>
#include <map>
#include <pugixml.hpp>
#include <string>
#include <utility>

#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity::origin {
namespace {

constexpr int kMaxDepth = 24;
constexpr int kMaxNodes = 50'000;
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxPathBytes = 512;
constexpr std::size_t kMaxNamespaces = 256;
constexpr std::string_view kRdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

// A file may bind any prefix to a namespace; these are shown under the usual ones.
constexpr auto kUsualPrefixes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {kRdf, "rdf"},
    {"http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "Iptc4xmpExt"},
    {"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/", "Iptc4xmpCore"},
    {"http://purl.org/dc/elements/1.1/", "dc"},
    {"http://ns.adobe.com/xap/1.0/", "xmp"},
    {"http://ns.adobe.com/xap/1.0/mm/", "xmpMM"},
    {"http://ns.adobe.com/xmp/note/", "xmpNote"},
    {"http://ns.adobe.com/xap/1.0/rights/", "xmpRights"},
    {"http://ns.adobe.com/photoshop/1.0/", "photoshop"},
    {"http://ns.adobe.com/tiff/1.0/", "tiff"},
    {"http://ns.adobe.com/exif/1.0/", "exif"},
    {"http://ns.adobe.com/xap/1.0/sType/ResourceEvent#", "stEvt"},
    {"http://ns.useplus.org/ldf/xmp/1.0/", "plus"},
    {kRecordNamespace, "kantei"},
});

class Flattener {
 public:
  explicit Flattener(XmpFacts* facts) : facts_(facts) {}

  void Read(const pugi::xml_node& root) {
    CollectNamespaces(root, 0);
    nodes_ = 0;
    FindRdf(root, 0);
  }
  bool cut() const { return nodes_ > kMaxNodes || facts_->entries.size() >= kMaxEntries; }

 private:
  // One binding per prefix for the whole packet: XMP writers never rebind one, and a search up the tree would
  // be quadratic.
  void CollectNamespaces(const pugi::xml_node& node, int depth) {
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes) return;
    for (const pugi::xml_attribute& attribute : node.attributes()) {
      const std::string_view name = attribute.name();
      if (!name.starts_with("xmlns:") || prefixes_.size() >= kMaxNamespaces) continue;
      const std::string_view uri = attribute.value();
      for (const auto& [known, usual] : kUsualPrefixes) {
        if (uri == known) prefixes_.emplace(name.substr(6), usual);
      }
    }
    for (const pugi::xml_node& child : node.children()) CollectNamespaces(child, depth + 1);
  }

  // Names are cut, so that a hostile name of megabytes is not copied for every child.
  std::string UsualName(std::string_view name) const {
    name = name.substr(0, kMaxNameBytes);
    const std::size_t colon = name.find(':');
    if (colon == std::string_view::npos) return std::string(name);
    const auto found = prefixes_.find(std::string(name.substr(0, colon)));
    return found == prefixes_.end() ? std::string(name) : found->second + std::string(name.substr(colon));
  }

  void FindRdf(const pugi::xml_node& node, int depth) {
    if (depth > 4 || ++nodes_ > kMaxNodes) return;
    if (UsualName(node.name()) == "rdf:RDF") {
      for (const pugi::xml_node& description : node.children()) {
        if (UsualName(description.name()) == "rdf:Description") Fields(description, "", 0);
      }
      return;
    }
    for (const pugi::xml_node& child : node.children()) FindRdf(child, depth + 1);
  }

  // The properties of a description or structure: attributes and child elements.
  void Fields(const pugi::xml_node& node, const std::string& parent, int depth) {
    for (const pugi::xml_attribute& attribute : node.attributes()) {
      const std::string name = UsualName(attribute.name());
      if (name.starts_with("xmlns") || name.starts_with("xml:") || name.starts_with("rdf:")) continue;
      Leaf(Join(parent, name), attribute.value());
    }
    for (const pugi::xml_node& child : node.children()) {
      if (child.type() == pugi::node_element)
        Property(child, Join(parent, UsualName(child.name())), depth + 1);
    }
  }

  void Property(const pugi::xml_node& node, const std::string& name, int depth) {
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes || facts_->entries.size() >= kMaxEntries) return;
    bool elements = false, attributes = false;
    for (const pugi::xml_attribute& attribute : node.attributes()) {
      const std::string attribute_name = UsualName(attribute.name());
      if (attribute_name == "rdf:resource") Leaf(name, attribute.value());
      attributes = attributes || !(attribute_name.starts_with("xml") || attribute_name.starts_with("rdf:"));
    }
    for (const pugi::xml_node& child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      elements = true;
      const std::string child_name = UsualName(child.name());
      if (child_name == "rdf:Bag" || child_name == "rdf:Seq" || child_name == "rdf:Alt") {
        for (const pugi::xml_node& item : child.children()) {
          if (item.type() == pugi::node_element) Property(item, name, depth + 1);
        }
      } else if (child_name == "rdf:Description") {
        Fields(child, name, depth + 1);
      } else {
        Property(child, Join(name, child_name), depth + 1);  // rdf:parseType="Resource"
      }
    }
    if (attributes) {
      for (const pugi::xml_attribute& attribute : node.attributes()) {
        const std::string attribute_name = UsualName(attribute.name());
        if (!(attribute_name.starts_with("xml") || attribute_name.starts_with("rdf:")))
          Leaf(Join(name, attribute_name), attribute.value());
      }
    }
    if (!elements) Leaf(name, node.child_value());
  }

  static std::string Join(const std::string& parent, const std::string& name) {
    return parent.empty() || parent.size() + name.size() > kMaxPathBytes ? name : parent + "/" + name;
  }

  void Leaf(const std::string& name, std::string_view raw) {
    const std::string text = ReadableText(raw);
    const std::string_view value = TrimSpace(text);
    if (value.empty() || facts_->entries.size() >= kMaxEntries) return;
    facts_->entries.push_back({CutText(ReadableText(name), kMaxPathBytes), CutText(value)});
    facts_->texts.push_back({"XMP", CutText(ReadableText(name), kMaxPathBytes), std::string(value)});
    if (facts_->digital_source_type.empty() && name == "Iptc4xmpExt:DigitalSourceType") {
      facts_->digital_source_type = CutText(LastPathElement(value), 128);
    }
  }

  XmpFacts* facts_;
  std::map<std::string, std::string> prefixes_;
  int nodes_ = 0;
};

}  // namespace

XmpFacts ReadXmp(std::string_view packet, std::vector<std::string>* problems) {
  XmpFacts facts;
  pugi::xml_document document;
  // parse_default leaves the document type out, and pugixml expands no entities but the five of XML itself.
  const pugi::xml_parse_result parsed =
      document.load_buffer(packet.data(), packet.size(), pugi::parse_default);
  if (!parsed) {
    problems->push_back("the XMP packet is damaged at byte " + std::to_string(parsed.offset) + " (" +
                        parsed.description() + "); what comes before was read");
  }
  Flattener flattener(&facts);
  flattener.Read(document);
  if (flattener.cut()) problems->push_back("the XMP packet has more properties than are read");
  return facts;
}

}  // namespace kantei::authenticity::origin
