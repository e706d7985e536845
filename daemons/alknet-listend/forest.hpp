// Sets that lie inside one another or apart (networks; prefixes of text): finds all that hold a point.
//
// Keys stand sorted so that a set comes before those inside it. The last key not behind the point is then the
// innermost set around the point or lies inside one: whatever holds the point and begins earlier holds that
// key as well. From there the way leads outwards along `parent`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

namespace alk::listend {

// Key: ordered by <; key.begins_after(point); key.holds(point); key.holds(other key).
template <class Key, class Value>
class Forest {
 public:
  Value& operator[](const Key& key) { return gathered_[key]; }

  // Once, after the last []; `each(value)` for every value before it is put in place.
  template <class Each>
  void compile(Each&& each) {
    for (auto& [key, value] : gathered_) {
      each(value);
      auto parent = nodes_.empty() ? nowhere : nodes_.size() - 1;
      while (parent != nowhere && !nodes_[parent].key.holds(key)) parent = nodes_[parent].parent;
      nodes_.push_back({key, std::move(value), parent});
    }
    gathered_.clear();
  }

  // `each(value, key)` for every set that holds the point, from the innermost outwards.
  template <class Point, class Each>
  void visit(const Point& point, Each&& each) const {
    auto next =
        std::upper_bound(nodes_.begin(), nodes_.end(), point,
                         [](const Point& wanted, const Node& node) { return node.key.begins_after(wanted); });
    auto at = next == nodes_.begin() ? nowhere : static_cast<std::size_t>(next - nodes_.begin()) - 1;
    for (; at != nowhere; at = nodes_[at].parent)
      if (nodes_[at].key.holds(point)) each(nodes_[at].value, nodes_[at].key);
  }

  bool empty() const { return nodes_.empty(); }

 private:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  struct Node {
    Key key;
    Value value;
    std::size_t parent; // the smallest set around this one
  };
  std::map<Key, Value> gathered_;
  std::vector<Node> nodes_;
};

} // namespace alk::listend
