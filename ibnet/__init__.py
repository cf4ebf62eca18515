"""Information planes of networks: train once, measure with every estimator, draw.

    from mibench import ibnet
    trained = ibnet.train(ibnet.get_setting("2.2"), runs=2, epochs=200)
    trajectories = ibnet.measure(trained, ["uniform:bins=30", "adaptive:bins=30"])
    drawing = ibnet.plot_plane(trajectories)

Data -> networks of a setting -> weights of every epoch -> estimators -> trajectories -> figures
and claims. The public names stand in `__init__.pyi`; each is
loaded when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
