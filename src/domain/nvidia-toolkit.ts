/** How to install what lets Docker hand a GPU to a container: two commands, and what to do where the first finds nothing. */
export const INSTALL_TOOLKIT =
  'Install it: sudo apt-get install -y nvidia-container-toolkit; then: sudo systemctl restart docker ' +
  "(if apt-get does not find the package, add NVIDIA's package source first: docs.nvidia.com, Container Toolkit, installation)";
